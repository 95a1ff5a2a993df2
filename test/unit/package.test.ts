/** What the manifest promises is what the code has. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/protocol/runtime.ts'

const json = <T>(file: string) => JSON.parse(readFileSync(file, 'utf8')) as T
const text = readFileSync('package.json', 'utf8')
const manifest = json<{
  contributes: {
    commands: { command: string; category: string }[]
    menus: Record<string, { command: string }[]>
    configuration: { properties: Record<string, { default: unknown; scope?: string; markdownDescription: string }> }
    walkthroughs: { steps: { media: { svg: string } }[] }[]
  }
}>('package.json')
const { contributes } = manifest
const sources = readdirSync('src/ui').map((file) => readFileSync(`src/ui/${file}`, 'utf8'))

describe('package.json', () => {
  it('has a setting for every limit, with its default, that a workspace cannot change', () => {
    const settings = Object.entries(contributes.configuration.properties).filter(([name]) => name.includes('.limits.'))
    expect(settings.map(([name, { default: value }]) => [name, value])).toEqual(
      Object.entries(defaultLimits).map(([name, value]) => [`backprop.limits.${name}`, value]),
    )
    expect(settings.every(([, { scope }]) => scope === 'machine')).toBe(true)
  })

  it('has the commands that are registered', () => {
    const registered = [...readFileSync('src/ui/commands.ts', 'utf8').matchAll(/^ {4}'(backprop-lens\.\w+)':/gm)]
    const commands = contributes.commands.map(({ command }) => command)
    expect(commands).toEqual(registered.map((match) => match[1]))
    expect(contributes.commands.every(({ category }) => category === 'Backprop')).toBe(true)
    for (const { command } of Object.values(contributes.menus).flat()) expect(commands).toContain(command)
  })

  it('has every text in every language, and no other', () => {
    const used = [...text.matchAll(/"%([^"%]+)%"/g)].map((match) => match[1]!)
    const english = json<Record<string, string>>('package.nls.json')
    const chinese = json<Record<string, string>>('package.nls.zh-cn.json')
    expect(Object.keys(english).sort()).toEqual([...new Set(used)].sort())
    expect(Object.keys(chinese)).toEqual(Object.keys(english))
    for (const file of [english, chinese]) expect(Object.values(file).every((entry) => entry !== '')).toBe(true)
  })

  it('is found in Chinese by either word for autodiff', () => {
    const { 'command.visualize': title } = json<Record<string, string>>('package.nls.zh-cn.json')
    for (const word of ['自动微分', '自动求导', 'Visualize Backprop']) expect(title).toContain(word)
  })

  it('translates every message of the extension', () => {
    const said = sources.flatMap((source) => [...source.matchAll(/\bt\(\s*'((?:[^'\\]|\\.)+)'/g)].map((m) => m[1]!))
    const english = json<Record<string, string>>('l10n/bundle.l10n.json')
    const chinese = json<Record<string, string>>('l10n/bundle.l10n.zh-cn.json')
    expect(Object.keys(english).sort()).toEqual([...new Set(said)].sort())
    expect(Object.keys(chinese)).toEqual(Object.keys(english))
    for (const [key, value] of Object.entries(chinese))
      expect(value.match(/\{\d\}/g), key).toEqual(key.match(/\{\d\}/g))
  })

  it('has the pictures of the walkthrough, in the colours of the theme only', () => {
    for (const { media } of contributes.walkthroughs.flatMap(({ steps }) => steps)) {
      const picture = readFileSync(media.svg, 'utf8')
      expect(picture).toContain('var(--vscode-foreground)')
      expect(picture.replaceAll(/var\((?:[^()]|\([^()]*\))*\)/g, '')).not.toMatch(/#[0-9a-f]{3,8}\b/i)
    }
  })
})
