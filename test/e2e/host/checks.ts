/** The names of what `suite.ts` checks inside the extension host. */
export const checks = [
  'it is not active before anything asks for it, and then within 50 ms',
  'every command of the manifest is registered',
  'a Python file that is opened starts no process and no thread',
  'a run shows a panel, and the hover tells the numbers of every expression at its own range',
  'the next run begins in the sandbox that waits',
  'numbers stand at line ends when the setting is on',
  'the text of the editor runs, not the one on the disk; untitled files run too',
  'a file that is saved runs again when the setting is on',
  'a virtual workspace runs, with the modules beside the script',
  'a script that was renamed keeps its link, and runs again from where it is',
  'a script that was deleted is told when it is to run again, and its graph stays',
  'a breakpoint stops in a script that was never saved, and in a cell of a notebook',
  'a recording is debugged from its end backwards',
  'run without debugging shows the graph, and ends',
  'another debugger beside it has the same breakpoints, and neither breaks the other',
  'nothing is left after 50 panels were opened and closed',
  'typing and pointing in 5,000 lines costs the host no 10 ms at once',
  'a large run costs the host no 10 ms at once, and its thread 100 bytes a node',
] as const
export type Check = (typeof checks)[number]
export type Results = Partial<Record<Check, { error: string | null; measured: string }>>
