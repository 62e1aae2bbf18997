import { describe, expect, test } from 'vitest'
import type { Card } from './card.ts'
import { overlayCard } from './overlay-card.ts'

const known = { provider: 'acme', model: 'paint', source: 'https://acme.example/prices', checkedAt: '2026-01-01' } as const
const listed = { ...known, source: 'https://list.example', checkedAt: '2026-08-01' } as const

describe('a card of somebody’s list over a known one', () => {
  test('changes what it names, and keeps sizes, qualities and what they default to', () => {
    const present: Card = {
      ...known,
      rates: [
        { meter: 'images', usd: '0.04', per: 1 },
        { meter: 'images', usd: '0.12', per: 1, when: { attributes: { size: '1024x1792', quality: 'hd' } } },
      ],
      defaults: { quality: ['standard'] },
      aliases: ['paint-1'],
    }
    const card = overlayCard({ ...listed, rates: [{ meter: 'images', usd: '0.05', per: 1 }], defaults: { size: ['1024x1024'] } }, present)
    expect(card.rates).toEqual([{ meter: 'images', usd: '0.05', per: 1 }, present.rates[1]])
    expect(card).toMatchObject({ source: listed.source, aliases: ['paint-1'], defaults: { quality: ['standard'], size: ['1024x1024'] } })
  })

  test('keeps meters that it does not know, as searches', () => {
    const search = { meter: 'searches', usd: '10', per: 1000 } as const
    const present: Card = { ...known, rates: [{ meter: 'inputTokens', usd: '1', per: 1_000_000 }, search] }
    const card = overlayCard({ ...listed, rates: [{ meter: 'inputTokens', usd: '2', per: 1_000_000 }] }, present)
    expect(card.rates).toEqual([{ meter: 'inputTokens', usd: '2', per: 1_000_000 }, search])
  })

  test('does not add a fee by search to one by request', () => {
    const fee = { meter: 'requests', usd: '5', per: 1000 } as const
    const card = overlayCard({ ...listed, rates: [{ meter: 'searches', usd: '8', per: 1000 }] }, { ...known, rates: [fee] })
    expect(card.rates).toEqual([fee])
  })

  test('keeps a batch rate only where the rate that it belongs to is unchanged', () => {
    const batch = { meter: 'inputTokens', usd: '0.5', per: 1_000_000, when: { serviceTier: 'batch' } } as const
    const base = { meter: 'inputTokens', usd: '1', per: 1_000_000 } as const
    expect(overlayCard({ ...listed, rates: [base] }, { ...known, rates: [base, batch] }).rates).toEqual([base, batch])
    const dearer = { ...base, usd: '2' }
    expect(overlayCard({ ...listed, rates: [dearer] }, { ...known, rates: [base, batch] }).rates).toEqual([dearer])
  })
})
