declare module 'pyodide/pyodide.mjs' {
  export function loadPyodide(options: object): Promise<unknown>
}
declare module 'pyodide/pyodide.asm.mjs' {
  const createPyodideModule: (settings: object) => Promise<unknown>
  export default createPyodideModule
}
