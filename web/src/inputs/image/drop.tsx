/** A place for image files: dropped, pasted, or chosen. */
import { useEffect, useState } from "preact/hooks";
import { texts } from "../../i18n";
import { elementId } from "../kind";

const say = texts({ drop: ["Choose an image, drop it here, or paste it", "选择图像、拖放到此处或粘贴"] });

export function DropZone({ name, onFile }: { readonly name: string; readonly onFile: (file: Blob) => void }) {
  const [over, setOver] = useState(false);
  const id = elementId(name, "file");
  usePasted(onFile);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer?.files[0];
    if (file) onFile(file);
  };
  const hover = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  return (
    <div class={over ? "drop over" : "drop"} onDragOver={hover} onDragLeave={() => setOver(false)} onDrop={drop}>
      <label for={id}>{say.drop()}</label>
      <input id={id} type="file" accept="image/*" onChange={(event) => take(event.currentTarget, onFile)} />
    </div>
  );
}

function take(input: HTMLInputElement, onFile: (file: Blob) => void): void {
  const file = input.files?.[0];
  if (file) onFile(file);
  input.value = ""; // or the same file could not be chosen again
}

function usePasted(onFile: (file: Blob) => void): void {
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const file = event.clipboardData?.files[0];
      if (file) onFile(file);
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, [onFile]);
}
