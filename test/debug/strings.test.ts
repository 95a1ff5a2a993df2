import { expect, test } from 'vitest'
import { en, strings, zhCn } from '../../src/debug/strings.ts'

test('every language has every text, with as many parameters', () => {
  expect(Object.keys(zhCn)).toEqual(Object.keys(en))
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    expect(typeof zhCn[key], key).toBe(typeof en[key])
    expect(zhCn[key].length > 0, key).toBe(true)
  }
})

test('the parameters of a text appear in it in every language', () => {
  for (const language of [en, zhCn]) {
    for (const [key, text] of Object.entries(language)) {
      if (typeof text !== 'function') continue
      const given = Array.from({ length: text.length }, (_, i) => i + 3)
      const said = (text as (...args: number[]) => string)(...given)
      for (const value of given) expect(said, key).toContain(String(value))
    }
  }
})

test('the language of the client decides, English where it is unknown', () => {
  expect(strings('zh-cn')).toBe(zhCn)
  expect(strings('de')).toBe(en)
})
