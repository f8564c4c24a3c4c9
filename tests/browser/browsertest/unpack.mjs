// Unpacks the browser that came as an npm package: node unpack.mjs PACKAGE_FOLDER TARGET_FOLDER. Prints the path of the executable.
import { createReadStream, createWriteStream, chmodSync, mkdirSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { join } from 'node:path';

const [from, to] = process.argv.slice(2);
mkdirSync(to, { recursive: true });
const unpack = (name, out) => pipeline(createReadStream(join(from, 'bin', name + '.br')), createBrotliDecompress(), createWriteStream(join(to, out)));

await unpack('chromium', 'chromium');
chmodSync(join(to, 'chromium'), 0o755);
// The libraries and fonts that a machine without a desktop lacks.
for (const name of ['al2023.tar', 'fonts.tar', 'swiftshader.tar']) {
  await unpack(name, name);
  execFileSync('tar', ['-xf', join(to, name), '-C', to]);
  rmSync(join(to, name));
}
console.log(join(to, 'chromium'));
