/**
 * Counts the GPU's programs as they are compiled, so that the page can show that the time before the first step is used for
 * something. The browser keeps them, so a second visit waits less.
 *
 * @param {(count: number) => void} tell
 */
export function countCompiledPrograms(tell) {
  const { GPUDevice: Device } = globalThis;
  if (!Device) return;
  const compile = Device.prototype.createComputePipeline;
  let count = 0;
  Device.prototype.createComputePipeline = function (descriptor) {
    tell(++count);
    return compile.call(this, descriptor);
  };
}
