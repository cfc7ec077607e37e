import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The binary under test; `make test` names it. */
const binary = process.env.WEIR_BIN ?? join(import.meta.dirname, "../../target/release/weir");

/** A running Weir with a data folder of its own. */
export interface Weir {
  /** Where it serves, without a slash at the end. */
  origin: string;
  /** Its data folder. */
  data: string;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Starts Weir on a free port and waits until it says where it listens. */
export async function startWeir(...options: string[]): Promise<Weir> {
  const data = await mkdtemp(join(tmpdir(), "weir-end2end-"));
  const child = spawn(binary, ["serve", "--data", data, "--listen", "127.0.0.1:0", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<never>((_, reject) => {
    child.once("error", (cause) => reject(new Error(`can not start ${binary}`, { cause })));
    child.once("exit", (code, signal) => reject(new Error(`Weir ended (${code ?? signal}):\n${log}`)));
  });
  // Kept for the message of a test that fails because of Weir's end; also, a full pipe would stop the server.
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const origin = await Promise.race([addressIn(child.stdout), ended]);
  ended.catch(() => {});
  return {
    origin,
    data,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, "exit");
        child.kill("SIGTERM");
        await gone;
      }
      await rm(data, { recursive: true, force: true });
      if (child.exitCode !== 0) {
        throw new Error(`Weir did not end cleanly (${child.exitCode ?? child.signalCode}):\n${log}`);
      }
    },
  };
}

async function addressIn(stdout: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input: stdout });
  return new Promise((resolve) => {
    lines.on("line", (line) => {
      const found = /^Weir listens on (https?:\/\/\S+)/.exec(line);
      if (found) resolve(found[1]);
    });
  });
}
