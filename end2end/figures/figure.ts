import { appendFileSync } from "node:fs";

const file = process.env.WEIR_FIGURES;

/** Tells one figure: a line `name value unit` in the file that `make web-bench` names. */
export function figure(name: string, value: number, unit: string): void {
  const line = `${name} ${value.toFixed(3)} ${unit}\n`;
  if (file) appendFileSync(file, line);
  else process.stdout.write(line);
}
