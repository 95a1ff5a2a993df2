import { expect, test } from 'vitest'
import { en, stringsFor, zhCn } from '../../webview/strings.ts'

test('every language has every text, with as many parameters', () => {
  expect(Object.keys(zhCn)).toEqual(Object.keys(en))
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    expect(typeof zhCn[key], key).toBe(typeof en[key])
    expect(zhCn[key].length > 0, key).toBe(true)
  }
})

test('the parameters of a text appear in it in every language', () => {
  for (const strings of [en, zhCn]) {
    for (const [key, text] of Object.entries(strings)) {
      if (typeof text !== 'function') continue
      const given = Array.from({ length: text.length }, (_, i) => i + 3)
      const said = (text as (...args: number[]) => string)(...given)
      for (const value of given) expect(said, key).toContain(String(value))
    }
  }
})

test('the language of the user decides, English where it is unknown', () => {
  expect(stringsFor('zh-CN')).toBe(zhCn)
  expect(stringsFor('zh')).toBe(zhCn)
  expect(stringsFor('de-DE')).toBe(en)
})
