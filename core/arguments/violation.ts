// What is wrong with arguments, as callers and records learn it.

/** A name that the policy knows, and the rule that it breaks; never a value. */
export type Violation = { readonly argument: string; readonly rule: string }
