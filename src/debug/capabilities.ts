/** What the debugger says of itself. */
import type { DebugProtocol } from '@vscode/debugprotocol'
import { filters } from './breakpoints/filters.ts'
import type { Strings } from './strings.ts'

export const capabilities = (s: Strings): DebugProtocol.Capabilities => ({
  supportsConfigurationDoneRequest: true,
  supportsFunctionBreakpoints: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsDataBreakpoints: true,
  supportsBreakpointLocationsRequest: true,
  supportsExceptionInfoRequest: true,
  supportsExceptionFilterOptions: true,
  exceptionBreakpointFilters: filters.map((filter) => ({
    filter: filter.id,
    label: filter.label(s),
    default: filter.default,
    supportsCondition: true,
    conditionDescription: filter.conditionLabel(s),
  })),
  supportsStepBack: true,
  supportsSetVariable: true,
  supportsSetExpression: true,
  supportsEvaluateForHovers: true,
  supportsClipboardContext: true,
  supportsCompletionsRequest: true,
  supportsDelayedStackTraceLoading: true,
  supportsLoadedSourcesRequest: true,
  supportsTerminateRequest: true,
  supportsCancelRequest: true,
})
