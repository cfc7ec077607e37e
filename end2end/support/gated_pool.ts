import type { Page } from "@playwright/test";
import { localPool, unique } from "./api.ts";

/** A start-up script that reports what it does, and does not end before the test says so: it waits for a file. */
const script = (gate: string) => `#!/bin/sh
report() {{
  curl -sS -X POST -H 'Content-Type: application/json' -H 'Authorization: Bearer {checkin_jwt}' \\
    -d "{{\\"status\\": \\"$1\\", \\"status_message\\": \\"$2\\", \\"status_progress\\": $3}}" \\
    'http://{upstream_auth_address}/api/v1/checkin'
}}
report progress 'Installing updates' 58
until [ -e '${gate}' ]; do sleep 0.2; done
report running 'Ready' 100
`;

/** A pool of this machine's servers with nothing ready, and its script's gate: a file that lets it go on. */
export async function gatedPool(page: Page, data: string, aggressive: boolean): Promise<{ id: string; name: string; gate: string }> {
  const name = unique("Shells");
  const gate = `${data}/gate-${name.replaceAll(" ", "-")}`;
  const { id } = await localPool(page, name, script(gate), {
    max_instances: 2,
    config: {
      connection_username: "weir",
      aggressive_scaling: aggressive,
      minimum_available_sessions: 0,
      downscale_backoff_seconds: 0,
    },
  });
  return { id, name, gate };
}
