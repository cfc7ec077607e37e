import { appendFileSync } from "node:fs";
import { adminTest } from "../support/test.ts";
import { startWeir, type Weir } from "../support/weir.ts";

/** As in the other tests in a browser, over a Weir that makes as many servers as it is asked for. */
export const test = adminTest.extend<object, { weir: Weir }>({
  weir: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const weir = await startWeir("release", "--creates-per-hour", "100000");
      await use(weir);
      await weir.stop();
    },
    { scope: "worker" },
  ],
});

const file = process.env.WEIR_FIGURES;

/** Tells one figure: a line `name value unit` in the file that `make web-bench` names. */
export function figure(name: string, value: number, unit: string): void {
  const line = `${name} ${value.toFixed(3)} ${unit}\n`;
  if (file) appendFileSync(file, line);
  else process.stdout.write(line);
}
