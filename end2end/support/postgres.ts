import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** An empty database in the Postgres of the test run. */
export interface PostgresDatabase {
  /** What Weir connects to. */
  url: string;
  /** Removes it, whoever is connected. */
  drop(): Promise<void>;
}

/** Makes a database with this name. */
export async function createDatabase(name: string): Promise<PostgresDatabase> {
  const server = process.env.WEIR_TEST_POSTGRES;
  if (server === undefined) {
    throw new Error("WEIR_TEST_POSTGRES names no Postgres; `make test` starts one and sets it");
  }
  const run = promisify(execFile);
  await run("createdb", ["--maintenance-db", server, name]);
  const url = new URL(server);
  url.pathname = name;
  return {
    url: url.href,
    drop: async () => {
      await run("dropdb", ["--force", "--maintenance-db", server, name]);
    },
  };
}
