/**
 * Offers a file to the person, who may keep it.
 * @param {Blob} blob
 * @param {string} name
 */
export function downloadFile(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken hold of the blob by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
