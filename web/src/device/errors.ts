/** A failure on the device; its message is a sentence for people. */
export class DeviceError extends Error {}
