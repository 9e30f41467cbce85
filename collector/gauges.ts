// Gauges that are read when somebody scrapes.

import type { Meter, ObservableGauge } from '@opentelemetry/api'

export const gaugesOf =
  (meter: Meter) =>
  (name: string, description: string): ObservableGauge =>
    meter.createObservableGauge(name, { description })
