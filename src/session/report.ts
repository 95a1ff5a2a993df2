/** The tape as the JSON of `--json`: documented in the README, typed in `protocol/report.ts`. */
import type { JsonNumber, Report, ReportNode, ReportSite, ReportStep } from '../protocol/report.ts'
import type { Overview, SiteRange } from '../protocol/view.ts'
import { callPath } from '../tape/calls.ts'
import { finalGradient } from '../tape/gradient.ts'
import type { Tape } from '../tape/tape.ts'
import { isForward } from './forward.ts'

export function report(tape: Tape, overview: Overview): Report {
  return {
    version: 1,
    script: overview.script,
    runtime: overview.info?.runtime ?? '',
    interpreter: overview.info?.interpreter ?? '',
    nodes: Array.from({ length: tape.ops }, (_, op) => node(tape, op)),
    passes: Array.from({ length: tape.passes }, (_, pass) => ({
      ...(isForward(tape, pass) ? { kind: 'forward mode' as const } : {}),
      root: tape.roots(pass)[0] ?? -1,
      steps: Array.from(tape.rows('stepsOfPass', pass), (step) => stepOf(tape, step)),
    })),
    findings: overview.findings.map((finding) => ({
      rule: finding.rule,
      severity: finding.severity,
      message: finding.message,
      site: finding.site && siteOf(finding.site),
      nodes: finding.elements,
    })),
    error: errorOf(overview),
  }
}

function node(tape: Tape, op: number): ReportNode {
  const table = tape.table('op')
  const value = tape.valueOfOp(op)
  const site = tape.site(table.site.at(op))
  return {
    id: op,
    op: tape.opName(op),
    name: tape.nameOf(value) || null,
    operands: Array.from(tape.operands(op), (operand) => (operand < 0 ? null : tape.table('value').op.at(operand))),
    leaf: tape.isLeaf(op),
    site: site && siteOf(site),
    group: callPath(tape, table.call.at(op)),
    value: value < 0 ? null : jsonNumber(tape.table('value').data.at(value)),
    gradient: value < 0 ? null : jsonNumber(finalGradient(tape, value).held),
  }
}

function stepOf(tape: Tape, step: number): ReportStep {
  const contribution = tape.table('contribution')
  const op = tape.table('step').op.at(step)
  const contributions: (JsonNumber | null)[] = new Array<null>(tape.count('operandsOfOp', op)).fill(null)
  const stray: { node: number; value: JsonNumber }[] = []
  for (const row of tape.rows('contributionsOfStep', step)) {
    const slot = contribution.slot.at(row)
    const data = contribution.data.at(row)
    if (slot >= 0 && slot < contributions.length) contributions[slot] = jsonNumber(data)
    else stray.push({ node: tape.table('value').op.at(contribution.target.at(row)), value: jsonNumber(data)! })
  }
  const upstream = tape.rows('upstreamsOfStep', step)[0]
  const result: ReportStep = {
    node: op,
    upstream: upstream === undefined ? null : jsonNumber(tape.table('upstream').data.at(upstream)),
    contributions,
  }
  if (stray.length > 0) result.stray = stray
  return result
}

export function jsonNumber(value: number | null): JsonNumber | null {
  if (value === null || Number.isFinite(value)) return value
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

const siteOf = (site: SiteRange): ReportSite => ({
  file: site.path,
  startLine: site.startLine,
  startColumn: site.startColumn,
  endLine: site.endLine,
  endColumn: site.endColumn,
  text: site.text,
})

function errorOf(overview: Overview): Report['error'] {
  const end = overview.end
  if (!end || end.kind === 'done') return null
  const bare = { type: end.kind, message: '', traceback: '', site: null }
  switch (end.kind) {
    case 'raised': {
      const { type, message, traceback, site } = end.error
      return { kind: 'raised', type, message, traceback, site: site && { ...site, text: '' } }
    }
    case 'limit':
      return { ...bare, kind: 'limit', type: end.limit, message: end.message }
    case 'stopped':
      return { ...bare, kind: 'stopped', message: 'the run was stopped' }
    case 'crashed':
      return { ...bare, kind: 'crashed', message: end.message }
    default:
      return end satisfies never
  }
}
