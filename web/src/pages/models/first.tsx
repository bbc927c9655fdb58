/** What to do where the registry has no models. */
import { Copyable } from "../../components/copy";
import { texts } from "../../i18n";

const say = texts({
  title: ["There are no models yet", "还没有模型"],
  compile: [
    "Compile a trained model, such as a Keras, TensorFlow, scikit-learn or XGBoost file, into the registry of this server:",
    "将训练好的模型（例如 Keras、TensorFlow、scikit-learn 或 XGBoost 文件）编译到此服务器的注册表中：",
  ],
  command: ["Command", "命令"],
  help: ["All its options are shown by this command:", "以下命令显示其所有选项："],
  helpCommand: ["Command for the options", "查看选项的命令"],
  upload: ["Or upload the file to the bucket of this stack, as {key}: it is compiled there.", "也可以将文件以 {key} 上传到此系统的存储桶，文件将在那里编译。"],
  look: ["The server finds the model without a restart. Look again after a few seconds:", "服务器无需重启即可发现模型。请在几秒钟后再次查看："],
  again: ["Look again", "再次查看"],
  api: ["The HTTP API is described on its own page.", "HTTP 接口另有说明页面。"],
});

interface Props {
  /** Whether there is a bucket that compiles files. */
  readonly stack: boolean;
  readonly again: () => void;
}

export function FirstModel({ stack, again }: Props) {
  return (
    <section class="card first" aria-labelledby="first">
      <h2 id="first">{say.title()}</h2>
      <ol>
        <li>
          <p>{say.compile()}</p>
          <Copyable label={say.command()} text="lightship compile my-model.keras" />
          <p>{say.help()}</p>
          <Copyable label={say.helpCommand()} text="lightship compile --help" />
          {stack && <p>{say.upload({ key: "incoming/my-model.keras" })}</p>}
        </li>
        <li>
          <p>{say.look()}</p>
          <button type="button" class="primary" onClick={again}>
            {say.again()}
          </button>
        </li>
      </ol>
      <p>
        <a href="./docs">{say.api()}</a>
      </p>
    </section>
  );
}
