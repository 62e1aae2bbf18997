/** What a value in a file of the owner's may be. */
export type Shape =
  | { readonly kind: 'text'; readonly expected?: string; readonly accepts?: (text: string) => boolean }
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  | { readonly kind: 'days' }
  | { readonly kind: 'yes-no' }
  /** A number or text; what it may be is checked by whoever reads it. */
  | { readonly kind: 'amount'; readonly unit: string }
  | { readonly kind: 'texts' }
  | { readonly kind: 'text-map'; readonly orText?: boolean }
  | { readonly kind: 'map'; readonly keys: Readonly<Record<string, Field>> }
  /** A mapping of names that the owner chooses. */
  | { readonly kind: 'named'; readonly name: string; readonly of: Extract<Shape, { kind: 'map' }> }
  | { readonly kind: 'list'; readonly of: Shape }
  /** Checked by whoever reads it. */
  | { readonly kind: 'prices' }
  | { readonly kind: 'budgets'; readonly keys: Readonly<Record<string, Field>>; readonly plain: Readonly<Record<string, Field>> }
  | { readonly kind: 'written'; readonly as: string }

export interface Field {
  readonly shape: Shape
  /** One sentence for the reference. */
  readonly meaning: string
  readonly example?: string
  readonly required?: true
}
