import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";
import solid from "vite-plugin-solid";

/** Browsers get each file as it was compressed here, once and hard, not at every request. */
function precompress(): Plugin {
  let folder = "";
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        const path = join(folder, name);
        if (!statSync(path).isFile() || !/\.(html|js|css|svg)$/.test(name)) continue;
        const body = readFileSync(path);
        const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
        writeFileSync(`${path}.br`, brotliCompressSync(body, brotli));
        writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  // Relative, so that the UI also works below a path, such as /as-of/MOMENT/ or a proxy's.
  base: "./",
  plugins: [solid(), precompress()],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    // The policy allows no data: URLs, so that nothing logged can be one.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  // `npm run dev` beside a server on the usual port.
  server: { proxy: { "/api": "http://127.0.0.1:5000", "/get-artifact": "http://127.0.0.1:5000" } },
});
