import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";

/** The binaries under test; `make test` names them. */
export const BINARIES = {
  release: process.env.WEIR_BIN ?? join(import.meta.dirname, "../../target/release/weir"),
  debug: process.env.WEIR_DEBUG_BIN ?? join(import.meta.dirname, "../../target/debug/weir"),
};

/** The environment without what is meant for another Weir on this machine. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("WEIR_")));

/** A running Weir with a data folder of its own. */
export interface Weir {
  /** Where it serves, without a slash at the end. */
  origin: string;
  /** Its data folder. */
  data: string;
  /** The address that makes the first admin, once Weir has printed it. */
  setupLink(): Promise<string>;
  /** Ends it at once, as a loss of power would. Its data stays. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and with the same data. */
  startAgain(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Starts Weir on a free port and waits until it says where it listens. */
export async function startWeir(build: keyof typeof BINARIES, ...options: string[]): Promise<Weir> {
  const binary = BINARIES[build];
  const data = await mkdtemp(join(tmpdir(), "weir-end2end-"));
  const begin = (listen: string) => startProcess(binary, ["serve", "--data", data, "--listen", listen, ...options]);
  let running = await begin("127.0.0.1:0");
  const { origin, setupLink } = running;
  return {
    origin,
    data,
    setupLink: () => setupLink,
    kill: () => running.end("SIGKILL"),
    startAgain: async () => {
      running = await begin(new URL(origin).host);
    },
    async stop() {
      await running.end("SIGTERM");
      await rm(data, { recursive: true, force: true });
      running.expectCleanEnd();
    },
  };
}

/** Starts a binary and waits until it says where it listens. */
async function startProcess(binary: string, args: string[]) {
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"], env: environment });
  const ended = new Promise<never>((_, reject) => {
    child.once("error", (cause) => reject(new Error(`can not start ${binary}`, { cause })));
    child.once("exit", (code, signal) => reject(new Error(`Weir ended (${code ?? signal}):\n${log}`)));
  });
  // Kept for the message of a test that fails because of Weir's end; also, a full pipe would stop the server.
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const lines = createInterface({ input: child.stdout });
  const setupLink = found(lines, /^\s+(https?:\/\/\S+\/setup\?token=\S+)$/);
  const origin = await Promise.race([found(lines, /^Weir listens on (https?:\/\/\S+)/), ended]);
  ended.catch(() => {});
  return {
    origin,
    setupLink,
    async end(signal: "SIGTERM" | "SIGKILL") {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, "exit");
        child.kill(signal);
        await gone;
      }
    },
    expectCleanEnd() {
      if (child.exitCode !== 0) {
        throw new Error(`Weir did not end cleanly (${child.exitCode ?? child.signalCode}):\n${log}`);
      }
    },
  };
}

/** What the first line of this form holds. */
async function found(lines: Interface, form: RegExp): Promise<string> {
  return new Promise((resolve) => {
    lines.on("line", (line) => {
      const match = form.exec(line);
      if (match) resolve(match[1]);
    });
  });
}
