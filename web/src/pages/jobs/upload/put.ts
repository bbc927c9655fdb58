/** One PUT to a presigned URL. XMLHttpRequest, because fetch reports no progress of a body. */
import { ApiError } from "../../../api/client";
import { texts } from "../../../i18n";

const say = texts({
  refused: ["The storage refused the file with status {status}.", "存储拒绝了文件，状态码 {status}。"],
  lost: ["The connection to the storage is lost.", "与存储的连接已断开。"],
});

export interface Sending {
  readonly signal: AbortSignal;
  /** Receives the bytes of this body that are sent. */
  readonly onSent: (sent: number) => void;
}

/** Send a body; returns its ETag. Raises ApiError, with status 0 where no answer arrived, or the reason of the signal. */
export function put(url: string, body: Blob, { signal, onSent }: Sending): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open("PUT", url);
    request.upload.onprogress = ({ loaded }) => onSent(loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(request.getResponseHeader("etag") ?? "");
      else reject(new ApiError("upload", say.refused({ status: request.status }), request.status));
    };
    request.onerror = () => reject(new ApiError("connection_lost", say.lost()));
    request.onabort = () => reject(signal.reason);
    request.onloadend = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    // Without a media type: the URL is signed for the length only.
    if (signal.aborted) reject(signal.reason);
    else request.send(body.slice(0, body.size, ""));
  });
}
