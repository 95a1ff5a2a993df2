/** What the manifest promises is what the code has. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/protocol/runtime.ts'

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  contributes: {
    commands: { command: string; category: string }[]
    configuration: { properties: Record<string, { default: number; scope: string }> }
  }
}

describe('package.json', () => {
  it('has a setting for every limit, with its default, that a workspace cannot change', () => {
    const settings = Object.entries(manifest.contributes.configuration.properties)
    expect(settings.map(([name, { default: value }]) => [name, value])).toEqual(
      Object.entries(defaultLimits).map(([name, value]) => [`backprop.limits.${name}`, value]),
    )
    expect(settings.every(([, { scope }]) => scope === 'machine')).toBe(true)
  })

  it('has the commands that are registered', () => {
    const registered = [...readFileSync('src/ui/commands.ts', 'utf8').matchAll(/registerCommand\('([^']+)'/g)].map(
      (m) => m[1],
    )
    expect(manifest.contributes.commands.map(({ command }) => command)).toEqual(registered)
    expect(manifest.contributes.commands.every(({ category }) => category === 'Backprop')).toBe(true)
  })
})
