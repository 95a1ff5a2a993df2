/**
 * One side of the debug adapter protocol: every request is answered, once, whatever it asks; what follows from a request
 * comes after its answer.
 */
import type { DebugProtocol } from '@vscode/debugprotocol'
import { Refusal } from './given.ts'

export interface Answer {
  body?: object
  /** What follows from it, once the answer is on its way. */
  after?: () => void
}

export type Handler = (given: unknown) => Answer | Promise<Answer>

export class Answering {
  private seq = 1
  private readonly send: (message: DebugProtocol.ProtocolMessage) => void
  private readonly handler: (command: string) => Handler | undefined
  private readonly unknown: (command: string) => string

  constructor(
    send: (message: DebugProtocol.ProtocolMessage) => void,
    handler: (command: string) => Handler | undefined,
    unknown: (command: string) => string,
  ) {
    this.send = send
    this.handler = handler
    this.unknown = unknown
  }

  event(event: string, body?: object): void {
    this.send({ seq: this.seq++, type: 'event', event, ...(body ? { body } : {}) } as DebugProtocol.Event)
  }

  /** What is no request is not answered: nobody waits for it. */
  receive(message: unknown): void {
    const { type, seq, command, arguments: given } = (message ?? {}) as Partial<DebugProtocol.Request>
    if (type !== 'request' || typeof seq !== 'number') return
    const name = typeof command === 'string' ? command : ''
    let answer: Answer | Promise<Answer>
    try {
      const handler = this.handler(name)
      if (!handler) throw new Refusal(this.unknown(name))
      answer = handler(given)
    } catch (error) {
      this.refuse(seq, name, error)
      return
    }
    if (answer instanceof Promise)
      answer.then(
        (late) => this.answer(seq, name, late),
        (error: unknown) => this.refuse(seq, name, error),
      )
    else this.answer(seq, name, answer)
  }

  private answer(request: number, command: string, { body, after }: Answer): void {
    this.respond(request, command, { success: true, ...(body ? { body } : {}) })
    after?.()
  }

  private refuse(request: number, command: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.respond(request, command, {
      success: false,
      message,
      body: { error: { id: 1, format: message.replaceAll('{', '(').replaceAll('}', ')'), showUser: true } },
    })
  }

  private respond(request: number, command: string, rest: object): void {
    this.send({
      seq: this.seq++,
      type: 'response',
      request_seq: request,
      command,
      ...rest,
    } as DebugProtocol.Response)
  }
}
