/**
 * What a zip file says that it holds, read from the directory at its end. fflate reads it anew for every file that is taken out;
 * for one of thousands of files it is read once here. Larger files than 4 GB, which have another directory, are none of ours.
 *
 * @typedef {object} Listed
 * @property {string} name
 * @property {number} method 0: as it is, 8: deflated
 * @property {number} size bytes in the zip
 * @property {number} originalSize bytes unpacked, as is claimed
 * @property {number} offset of its own header, which its bytes follow
 */

/** The signatures of the end, of an entry, and of the header before a file's bytes. */
const END = 0x06054b50;
const ENTRY = 0x02014b50;
const HEADER = 0x04034b50;
/** Their bytes, but for names and remarks. */
const END_SIZE = 22;
const ENTRY_SIZE = 46;
const HEADER_SIZE = 30;
/** A remark at the end is not longer. */
const REMARK = 65_535;
/** The flag of names in UTF-8. */
const UTF8 = 1 << 11;

/**
 * @param {Uint8Array} zip
 * @returns {Generator<Listed>}
 * @throws where it is no zip file
 */
export function* directoryOf(zip) {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const end = endOf(view);
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(at, true) !== ENTRY) throw new RangeError("no entry");
    const text = new TextDecoder(view.getUint16(at + 8, true) & UTF8 ? "utf-8" : "latin1");
    const nameSize = view.getUint16(at + 28, true);
    yield {
      name: text.decode(zip.subarray(at + ENTRY_SIZE, at + ENTRY_SIZE + nameSize)),
      method: view.getUint16(at + 10, true),
      size: view.getUint32(at + 20, true),
      originalSize: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    };
    at += ENTRY_SIZE + nameSize + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
}

/**
 * The bytes of a file as they lie there.
 * @param {Uint8Array} zip
 * @param {Listed} listed
 */
export function bytesOf(zip, { offset, size }) {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  if (view.getUint32(offset, true) !== HEADER) throw new RangeError("no file");
  const start = offset + HEADER_SIZE + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + size > zip.length) throw new RangeError("cut short");
  return zip.subarray(start, start + size);
}

/** Where the end of the directory is. @param {DataView} view */
function endOf(view) {
  const last = view.byteLength - END_SIZE;
  for (let at = last; at >= Math.max(0, last - REMARK); at--) if (view.getUint32(at, true) === END) return at;
  throw new RangeError("no end");
}
