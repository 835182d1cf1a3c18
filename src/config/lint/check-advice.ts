/** What is said of a code of a diagnostic, beside its message. */

export interface CheckAdvice {
  /** One sentence. */
  readonly consequence: string;
  /** One sentence. */
  readonly remedy: string;
}
