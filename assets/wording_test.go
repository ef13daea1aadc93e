package assets

import (
	"regexp"
	"strings"
	"testing"
)

// replaced are the wordings that readers stumbled over, by language. None may come back in another text.
func replaced() map[string][]string {
	return map[string][]string{
		English: {
			"Ask the key", "was not asked", "you stopped it", "can’t be asked", "bar code", "Reset your password and look",
			"is removed", "are removed", "happens at", "is stopped", "is resting", "Stop everything", "everything it holds",
			"Everything it held", "Where you are signed in", "where I am signed in", "The text service took", "is missing",
			"It looks like", "The more different", "Tick it only if it is true", "a sign.", "A sign ", "behind the sign",
			"has signs", "small letter", "are the most", "very often", "How shall the code", "They name you",
			"Contact data", "contact data", "taken away", "Take the number away", "you have now", "is new", "any script",
			"Letters of any script", "whether it is still so", "refuses our cookie", "Best another", "rests", "resting", "Resting", "rested",
			"feel a touch", "Press the link", "removal waits", "is waiting", "Waiting:", "Lock-out forecast",
			"When you reach it", "Scan and type back", "Who you are", "who you are", "own program", "know it again",
			"remember nothing", "Remember nothing", "We use one", "Last checked", "Last change", "We called",
			"Your security key still works", "your security key still works", "its own cut", "12 hours", "way back",
			"recovery case", "strong method", "the overview", "the security page", "came to nothing", "Stop it until", "counts as the strongest", "Press it to make", "Support will tell", "Support unlocks", "Lost everything? <a",
		},
		Chinese: {
			"唤起", "条码", "密钥文本", "并查看历史记录", "进行。", "等待中", "如果丢了什么", "多快", "取到之后", "锁定预测", "上的一切",
			"其中的一切", "登录位置", "短信服务", "接收消息", "缺少", "越不同", "如实勾选", "太复杂", "在路上", "开通", "创建账号",
			"注册账号", "回填", "自带", "无法被钓鱼", "截取或转移", "支持感应", "熟悉这些页面", "介入本页", "正在等待", "可重新发送的时间",
			"可重新获取的时间", "您是谁", "从店铺看出", "才停用", "不会要求输入 PIN", "不要记住", "不会记住", "只用它", "上次检查", "最近变更",
			"我们已于", "正在拨打", "安全密钥仍可使用", "齿纹", "12 小时", "恢复申请", "恢复账号", "确认付款", "修改密码", "较强的方式", "总览页", "不限文字", "将等到", "客服告知", "核实后即可解锁", "全部丢失？请<a",
		},
	}
}

func TestReplacedWordingsStayAway(t *testing.T) {
	texts := newTexts(t)
	for lang, words := range replaced() {
		for _, key := range texts.Keys() {
			said := texts.all[lang]()[key]
			for _, word := range words {
				if strings.Contains(said.one+" "+said.other, word) {
					t.Errorf("%s in %s: got %q in %q, want what replaced it", key, lang, word, said.other)
				}
			}
		}
	}
}

// Sentences in Chinese stand together: no blank after a full stop, a colon or a comma, on pages and in mails.
func TestChineseSentencesStandTogether(t *testing.T) {
	inline := regexp.MustCompile(`</?(?:a|b|span|strong|em)\b[^>]*>`)
	apart := regexp.MustCompile(`[。：，；！？”][ \t\n]+[\p{Han}“][^<]{0,20}`)
	p := newPages(t, Config{})
	for _, s := range Samples(noon) {
		if at := apart.FindString(inline.ReplaceAllString(render(t, p, Chinese, s.View), "")); at != "" {
			t.Errorf("%s: got %q, want no blank", s.Name, at)
		}
	}
}

// Names that people gave stand in quotes, so that a sentence stays one whatever the name is. On a page a name may be
// marked as such instead.
func TestNamesAreQuoted(t *testing.T) {
	texts := newTexts(t)
	bare := map[string]bool{ // no name that a person gave to a thing: a field, an address, a number, marked up on its page
		"step.of": true, "problem.unknown-member.detail": true, "problem.duplicate-member.detail": true,
	}
	for _, lang := range []string{English, Chinese} {
		for _, key := range texts.Keys() {
			said := texts.all[lang]()[key].other
			if !bare[key] && strings.Contains(strings.ReplaceAll(said, "“{{.name}}”", ""), "{{.name}}") {
				t.Errorf("%s in %s: got %q, want the name in quotes", key, lang, said)
			}
		}
	}
}
