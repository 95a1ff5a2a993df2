/** The host of the editor's panel: the session is the extension's, and so is everything around the graph. */
import * as v from 'valibot'
import { Channel, type Message } from '../src/protocol/channel.ts'
import { pack, unpack } from '../src/protocol/pack.ts'
import type { ExportFormat, PanelEvents, PanelRequests, PanelStatus, ViewEvents } from '../src/protocol/panel.ts'
import type { Host } from './host.ts'

declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void
  setState(state: unknown): void
  getState(): unknown
}

const TIMEOUT = 120_000

const message = v.variant('type', [
  v.object({ type: v.literal('reply'), id: v.number(), payload: v.unknown() }),
  v.object({ type: v.literal('error'), id: v.number(), message: v.string() }),
  v.object({
    type: v.literal('event'),
    name: v.picklist(['overview', 'scene', 'busy', 'status', 'renewed', 'light', 'goTo', 'search', 'picture']),
    payload: v.looseObject({}),
  }),
])

export type PanelChannel = Channel<PanelRequests, PanelEvents, Record<never, never>, ViewEvents>

interface Saved {
  view: unknown
  memento: unknown
}

export function panelHost(): { host: Host; channel: PanelChannel } {
  const api = acquireVsCodeApi()
  const channel: PanelChannel = new Channel(
    {
      post: (sent) => api.postMessage(pack(sent)),
      onMessage: (listener) =>
        addEventListener('message', (event: MessageEvent<unknown>) => {
          const parsed = v.safeParse(message, unpack(event.data))
          if (parsed.success) listener(parsed.output as Message)
        }),
    },
    TIMEOUT,
  )
  const saved = api.getState() as Partial<Saved> | null | undefined
  const state: Saved = { view: saved?.view ?? null, memento: saved?.memento ?? null }
  const keep = (change: Partial<Saved>) => api.setState(Object.assign(state, change))
  const listeners = new Set<(status: PanelStatus) => void>()
  const tell = (status: PanelStatus) => {
    keep({ memento: status.memento })
    for (const listener of listeners) listener(status)
  }
  channel.on('status', tell)

  const host: Host = {
    kind: 'vscode',
    language: document.documentElement.lang,
    request: (name, payload, signal) => channel.request(name, payload, signal) as never,
    on: (event, listener) => channel.on(event, listener as never),
    saveState: (view) => keep({ view }),
    loadState: () => state.view,
    revealSource: (site) => channel.emit('reveal', { site }),
    saveFile: (name, content) =>
      void content.arrayBuffer().then((bytes) => channel.emit('save', { name, bytes: new Uint8Array(bytes) })),
    cancelLayout: () => channel.emit('cancelLayout', {}),
    rerun: () => channel.emit('run', {}),
    panel: {
      onStatus: (listener) => {
        listeners.add(listener)
        channel.request('status', {}).then(tell, () => undefined)
        return () => listeners.delete(listener)
      },
      onEvent: (name, listener) => channel.on(name, listener as never),
      stop: () => channel.emit('stop', {}),
      debug: () => channel.emit('debug', {}),
      act: (action) => channel.emit('act', { action }),
      runTo: (element) => channel.emit('runTo', { element }),
      toggleBreakpoint: (element, alone) => channel.emit('breakpoint', { element, alone }),
      openExample: () => channel.emit('example', {}),
      allow: (what) => channel.emit('allow', { what }),
      export: (format: ExportFormat) => channel.emit('export', { format }),
      point: (site) => channel.emit('point', { site }),
    },
  }
  return { host, channel }
}
