/** A limit and what stood against it, in the metric's unit. */
export interface LimitFigures {
  readonly limit: bigint
  readonly spent: bigint
  readonly held: bigint
  readonly presumed: bigint
  /** What was asked beyond that; null where nothing was asked, or nobody can say how much. */
  readonly asked: bigint | null
  /** Whether the amounts but `asked` are not told, because others share the budget; they are zero then. */
  readonly isWithheld?: boolean
}

type FigureTexts = Readonly<Record<'limit' | 'spent' | 'held' | 'presumed', string>>

/** The same as text, as it is written down and handed out: JSON has no integers of any size. */
export function figureTexts(figures: LimitFigures & { readonly asked: bigint }): FigureTexts & { readonly asked: string }
export function figureTexts(figures: LimitFigures): FigureTexts & { readonly asked: string | null }
export function figureTexts({ limit, spent, held, presumed, asked }: LimitFigures): FigureTexts & { readonly asked: string | null } {
  return {
    limit: String(limit),
    spent: String(spent),
    held: String(held),
    presumed: String(presumed),
    asked: asked === null ? null : String(asked),
  }
}
