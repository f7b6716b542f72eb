"""Chinese: the words of the start and of the crash window."""

from __future__ import annotations

ZH_START: dict[str, str] = {
    "Something unexpected has happened": "发生了意外错误",
    "Something went wrong inside the client. It goes on running; what you were doing just now may not have "
    "been carried out. Please send the text below to those who maintain it.": (
        "客户端内部出了错。程序会继续运行，但您刚才的操作可能没有完成。请把下面的内容发给维护者。"
    ),
    "What to report": "需要报告的内容",
    "&Copy the report": "复制报告(&C)",
    "Open the &log's folder": "打开日志文件夹(&L)",
    "Clos&e": "关闭(&E)",
    "Copied": "已复制",
    "Quit?": "退出？",
    "{count} files are on their way.": "有 {count} 个文件正在传输。",
    "What is not finished goes on when you start the client again.": "未完成的传输会在下次启动客户端时继续。",
    "&Quit": "退出(&Q)",
    "&Stay": "留下(&S)",
    "&Log out": "退出登录(&L)",
    "The disk does not answer.": "磁盘没有响应。",
    "What you did last is not on the disk, and would be lost.": "你最近的操作还没有写入磁盘，退出后会丢失。",
    "All messages have been sent; drafts, and how far you have read, would be lost.": (
        "消息都已发送；草稿和已读位置会丢失。"
    ),
    "{count} messages have not been sent.": "有 {count} 条消息还没有发送。",
    "Disk": "磁盘",
}
