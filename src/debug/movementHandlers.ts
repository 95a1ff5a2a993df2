/** Requests that go somewhere. */
import type { Answer, Handler } from './answering.ts'
import type { Debugger } from './debugger.ts'
import { Given } from './given.ts'
import type { Step } from './stepping.ts'

export function movementHandlers(session: Debugger): Record<string, Handler> {
  const given = (value: unknown) => new Given(value, session.s)
  const walker = () => session.recorded().walker
  const stepping = (step: Step) => (): Answer => session.move(() => walker().step(step))
  return {
    continue: () => session.move(() => walker().towards(null), { allThreadsContinued: true }),
    next: stepping('over'),
    stepIn: stepping('into'),
    stepOut: stepping('out'),
    stepBack: () => session.move(() => walker().back()),
    reverseContinue: () => session.move(() => walker().towards(null, -1)),
    /** On to where a node's rule runs next. */
    'backprop/runTo': (value) => {
      const node = given(value).number('node')
      const { timeline } = session.recorded()
      return session.move(() =>
        walker().towards((moment) => walker().isStation(moment) && timeline.op(moment) === node),
      )
    },
    /** The timeline of a view was moved. */
    'backprop/goTo': (value) => {
      const tick = given(value).number('tick')
      session.stand.numbers()
      const { timeline } = session.recorded()
      return {
        after: () => {
          const first = walker().first()
          let moment = Math.max(timeline.at(tick), first)
          while (moment > first && !walker().isStation(moment)) moment--
          walker().position = moment
          session.standAt({ moment, why: 'step', hits: [] }, 'goto')
        },
      }
    },
  }
}
