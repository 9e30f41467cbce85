// The form in which our programs say what they do: a constant message, and fields. Which fields there are is each program's
// own table, since their types keep out what a patient, a caller or a server said (45 CFR 164.502(b): a log is a
// disclosure as well).

export interface LogOf<Fields> {
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
}

type Write = (fields: object, message: string) => void

/** Over a logger that takes the fields first. */
export function logOver(logger: { info: Write; warn: Write; error: Write }): LogOf<object> {
  return {
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  }
}
