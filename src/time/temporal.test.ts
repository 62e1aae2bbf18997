import { afterEach, expect, test, vi } from 'vitest'

const own = Object.getOwnPropertyDescriptor(globalThis, 'Temporal')

afterEach(() => {
  if (own !== undefined) Object.defineProperty(globalThis, 'Temporal', own)
  vi.resetModules()
})

async function hourInKolkata(): Promise<string> {
  const { loadTemporal } = await import('./temporal.ts')
  return loadTemporal().Instant.from('2026-03-01T20:15:00Z').toZonedDateTimeISO('Asia/Kolkata').toPlainDateTime().toString()
}

test('a runtime with Temporal uses its own', async () => {
  const { loadTemporal } = await import('./temporal.ts')
  expect(loadTemporal()).toBe((globalThis as { Temporal?: unknown }).Temporal ?? loadTemporal())
  expect(await hourInKolkata()).toBe('2026-03-02T01:45:00')
})

test('a runtime without Temporal uses the polyfill, with the same answer', async () => {
  vi.resetModules()
  Object.defineProperty(globalThis, 'Temporal', { value: undefined, configurable: true, writable: true })
  const { loadTemporal } = await import('./temporal.ts')
  expect(loadTemporal()).not.toBe(own?.value)
  expect(await hourInKolkata()).toBe('2026-03-02T01:45:00')
})
