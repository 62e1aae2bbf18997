import { HoldDesk } from '../../src/facade/hold-desk.ts'
import { draftCharge } from '../../src/ledger/draft-charge.ts'
import { parseRecord } from '../../src/ledger/parse-record.ts'
import { createCatalog } from '../../src/pricing/catalog.ts'
import { priceUsage } from '../../src/pricing/price-usage.ts'
import type { Store } from '../../src/stores/store.ts'

/** The holds of the SDK over a store with a clock of the test; there are no prices, so a call costs what its owner says. */
export function openHoldDesk(store: Store, now: () => number): HoldDesk {
  const catalog = createCatalog({ owner: [], refreshed: [], shipped: [] })
  return new HoldDesk(
    {
      store,
      isTracking: true,
      catalog: () => catalog,
      serviceTiers: {},
      weekStart: 1,
      draft: (input) => draftCharge(input, (request) => priceUsage(catalog, request), now()),
      read: async (records) => records.map((record) => parseRecord(record, 'UTC', now())),
      run: (work) => work(),
      warn: () => undefined,
    },
    { seedAll: async () => undefined, profileModels: async () => [] },
  )
}
