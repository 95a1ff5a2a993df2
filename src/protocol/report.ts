/** The JSON that `--json` writes. Stable: fields are only ever added, and `version` grows when one changes its meaning. */

/** Non-finite numbers are the strings "NaN", "Infinity" and "-Infinity". */
export type JsonNumber = number | 'NaN' | 'Infinity' | '-Infinity'

export interface Report {
  version: 1
  script: string
  runtime: string
  interpreter: string
  nodes: ReportNode[]
  /** In forward mode the root is what was seeded, gradients are tangents, and a step gathers from its operands. */
  passes: { kind?: 'forward mode'; root: number; steps: ReportStep[] }[]
  findings: { rule: string; severity: string; message: string; site: ReportSite | null; nodes: number[] }[]
  /** How the run ended when it did not end well. */
  error: {
    kind: 'raised' | 'limit' | 'stopped' | 'crashed'
    type: string
    message: string
    traceback: string
    site: ReportSite | null
  } | null
}

export interface ReportNode {
  id: number
  op: string
  name: string | null
  /** Ids in operand order with multiplicity; null for a constant that is no node of the engine. */
  operands: (number | null)[]
  leaf: boolean
  site: ReportSite | null
  /** Enclosing calls and loop iterations, outermost first. */
  group: string[]
  /** At creation. */
  value: JsonNumber | null
  /** As the engine holds it at the end; null while waiting or unreached. */
  gradient: JsonNumber | null
}

/** Lines from 1, columns from 0 in UTF-16 code units, end exclusive. */
export interface ReportSite {
  file: string
  startLine: number
  startColumn: number
  endLine: number
  endColumn: number
  text: string
}

export interface ReportStep {
  node: number
  upstream: JsonNumber | null
  /** In operand order; null where none was seen. */
  contributions: (JsonNumber | null)[]
  /** What the step wrote to something that is not an operand. */
  stray?: { node: number; value: JsonNumber }[]
}
