-- What wrk counted, as one line of JSON for benches/compare.
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'TALLY {"requests":%.0f,"bytes":%.0f,"us":%.0f,"status":%.0f,"broken":%.0f,"p99_us":%.0f}\n',
    summary.requests, summary.bytes, summary.duration, e.status,
    e.connect + e.read + e.write + e.timeout, latency:percentile(99)))
end
