/** Which engines the code alone gives away: to follow every number of the others takes many times as long. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unknown } from './run.ts'

const sure = ['adam_clipped.py', 'named_in_main.py', 'rebound_result.py']

test('engines that are recorded as they run', () => {
  const script = join(import.meta.dirname, 'sure.py')
  const told = execFileSync('python3', [script, ...sure.map((name) => join(unknown, name))], { encoding: 'utf8' })
  expect(JSON.parse(told)).toEqual(sure.map(() => true))
})
