import type { Runtime } from '../protocol/runtime.ts'
import { embeddedPython } from './embeddedPython/embeddedPython.ts'

/** Every runtime by its id: how to make it from the folder that holds what the build made for it. */
export const runtimes: Record<string, (options: { dist: string }) => Runtime> = {
  embeddedPython,
}

export const defaultRuntime = 'embeddedPython'
