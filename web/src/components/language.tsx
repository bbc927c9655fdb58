/** The choice of the language. */
import { setLanguage, texts, useLanguage } from "../i18n";
import { Pick } from "./pick";

const say = texts({
  title: ["Language", "语言"],
  sign: ["EN", "中"],
});

export function LanguageChoice() {
  const current = useLanguage();
  return <Pick label={say.title()} sign={say.sign()} value={current} options={[["en", "English"], ["zh", "中文"]]} onChoose={setLanguage} />;
}
