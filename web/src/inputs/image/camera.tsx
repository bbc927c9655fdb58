/** A picture from the camera. */
import { useEffect, useRef, useState } from "preact/hooks";
import { texts } from "../../i18n";
import { redrawn } from "./picture";

const say = texts({
  open: ["Open the camera", "打开摄像头"],
  close: ["Close the camera", "关闭摄像头"],
  take: ["Take the picture", "拍照"],
  view: ["View of the camera", "摄像头画面"],
  insecure: ["The camera needs HTTPS, or a page of localhost.", "摄像头需要 HTTPS 或 localhost 页面。"],
  refused: ["The browser does not allow the camera: allow it in the settings of this page, or choose a file.", "浏览器不允许使用摄像头：请在页面设置中允许，或选择文件。"],
  none: ["No camera was found. Choose a file.", "未找到摄像头，请选择文件。"],
  failed: ["The camera does not start: {reason}", "摄像头无法启动：{reason}"],
});

export function Camera({ onPicture }: { readonly onPicture: (picture: Blob) => void }) {
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [problem, setProblem] = useState("");
  const mounted = useRef(true);
  useEffect(() => () => void (mounted.current = false), []);
  useEffect(() => () => stop(stream), [stream]);
  const open = () => {
    setProblem("");
    started().then((opened) => (mounted.current ? setStream(opened) : stop(opened)), (error: unknown) => setProblem(sentence(error)));
  };
  return (
    <div class="camera">
      {stream ? (
        <View stream={stream} onPicture={onPicture} onClose={() => setStream(null)} />
      ) : (
        <button type="button" onClick={open}>
          {say.open()}
        </button>
      )}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

interface ViewProps {
  readonly stream: MediaStream;
  readonly onPicture: (picture: Blob) => void;
  readonly onClose: () => void;
}

function View({ stream, onPicture, onClose }: ViewProps) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
  }, [stream]);
  const take = async () => {
    const { current } = video;
    if (!current?.videoWidth) return;
    onPicture(await redrawn(current, current.videoWidth, current.videoHeight, "image/jpeg"));
  };
  return (
    <>
      <video ref={video} autoplay muted playsInline aria-label={say.view()} />
      <div class="row">
        <button type="button" class="primary" onClick={take}>
          {say.take()}
        </button>
        <button type="button" onClick={onClose}>
          {say.close()}
        </button>
      </div>
    </>
  );
}

async function started(): Promise<MediaStream> {
  if (!window.isSecureContext) throw new Error("insecure");
  return navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
}

function stop(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

function sentence(error: unknown): string {
  if (!(error instanceof Error)) return say.failed({ reason: String(error) });
  if (error.message === "insecure") return say.insecure();
  if (error.name === "NotAllowedError") return say.refused();
  return error.name === "NotFoundError" ? say.none() : say.failed({ reason: error.message });
}
