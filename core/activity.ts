// What counts as a person at work, for automatic logoff (45 CFR 164.312(a)(2)(iii)): sidecar and collector must agree.

/** What hosts send by themselves, whether anybody sits there or not: GET opens the stream of a session anew. */
const byItself =
  /^(GET|DELETE|ping|initialize|server\/discover|logging\/setLevel|subscriptions\/listen|tasks\/get|notifications\/.*|.*\/list)$/

/** Whether a message of this method shows that a session is in use. */
export function isActivity(method: string): boolean {
  return !byItself.test(method)
}
