import type { Card, Rate } from '../../src/pricing/card.ts'
import type { Meter } from '../../src/usage/meters.ts'

export function acmeCard(model: string, usdPerUnit: Partial<Record<Meter, string>>, more: Partial<Card> = {}): Card {
  const rates = Object.entries(usdPerUnit).map(([meter, usd]) => ({ meter, usd, per: 1 }) as Rate)
  return { provider: 'acme', model, rates, source: 'https://acme.example/prices', checkedAt: '2026-01-01', ...more }
}

/** Prices that can be reckoned by heart, in nano-dollars a unit: big 2 in, 1 cached, 3 written, 10 out, a second of sound 6000. */
export const acmeCards: readonly Card[] = [
  acmeCard('big', {
    inputTokens: '0.000000002',
    cacheReadTokens: '0.000000001',
    cacheWrite5mTokens: '0.000000003',
    outputTokens: '0.00000001',
    audioSeconds: '0.000006',
  }),
  acmeCard('half-known', { inputTokens: '0.000000005' }),
  acmeCard('local', { inputTokens: '0', outputTokens: '0' }),
]
