/** Where the ledger of several processes lies. */
export type Place =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly schema: string }

export const tenCents = 100_000_000n
