"""Chinese: the words of the models, the network and the cache."""

from __future__ import annotations

ZH_LOWER: dict[str, str] = {
    # results of the server
    "There is no connection to the server.": "没有连接到服务器。",
    "There is no user of that name.": "没有这个用户。",
    "You are friends already.": "你们已经是好友了。",
    "You are no friends.": "你们不是好友。",
    "There is a group of that name already.": "已经有同名的群了。",
    "There is no group of that name.": "没有这个群。",
    "You are in that group already.": "你已经在这个群里了。",
    "You are not in that group.": "你不在这个群里。",
    "The password is wrong.": "密码错误。",
    "The login has expired. Log in again.": "登录已过期，请重新登录。",
    "The password was changed elsewhere. Log in again.": "密码已在别处更改，请重新登录。",
    "The server shows another certificate than before. Nothing was sent.": (
        "服务器出示的证书与以前不同。没有发送任何内容。"
    ),
    "That was too often. Try again in a moment.": "操作太频繁，请稍后再试。",
    "The server permits no more of them.": "已达到服务器允许的上限。",
    "The server is busy. Try again in a moment.": "服务器正忙，请稍后再试。",
    "The server has a problem of its own. Try again later.": "服务器内部出错，请稍后再试。",
    "The server does not permit it.": "服务器不允许这样做。",
    "The server does not accept that.": "服务器不接受这个请求。",
    "There is no such file any more.": "这个文件已经不存在了。",
    "It is too late for that: the file is gone, or complete.": "太晚了：文件已失效或已传完。",
    "Only who has sent a file can take it back.": "只有发送者才能撤回文件。",
    "The server takes no file of this size.": "文件太大，服务器不接受。",
    "The server speaks only over TLS.": "服务器只接受 TLS 连接。",
    "The server has too many connections. Try again later.": "服务器连接数过多，请稍后再试。",
    "The server is being stopped.": "服务器正在关闭。",
    "There is a user of that name already.": "已经有同名的用户了。",
    "That name is not possible: up to 32 characters, none of them invisible, and no space at the ends.": (
        "名称不可用：最多 32 个字符，不能有不可见字符，首尾不能有空格。"
    ),
    "That password is not possible.": "这个密码不可用。",
    "The server says: {word}": "服务器回答：{word}",
    # the connection
    "{server} cannot be reached ({why})": "无法连接 {server}（{why}）",
    "the server has closed the connection": "服务器关闭了连接",
    "the connection broke ({why})": "连接中断（{why}）",
    "the server does not answer": "服务器没有响应",
    "no TLS with this server ({why})": "无法与服务器建立 TLS（{why}）",
    "the server shows another certificate than before": "服务器出示的证书与以前不同",
    "the server says what makes no sense": "服务器的回答无法理解",
    # files
    "The file has changed since it was offered; send it again.": "文件在发送期间被修改，请重新发送。",
    "There is no room on the disk. Make some and try again: what has arrived is kept.": (
        "磁盘空间不足。请腾出空间后重试，已收到的部分会保留。"
    ),
    "The file server cannot be reached; it is tried again. What has arrived is kept.": (
        "无法连接文件服务器，正在重试。已传输的部分会保留。"
    ),
    "The server's disk is full; it is tried again. What has arrived is kept.": (
        "服务器磁盘已满，正在重试。已传输的部分会保留。"
    ),
    "The file server shows another certificate than expected, so nothing was moved.": (
        "文件服务器出示的证书不符，没有传输任何内容。"
    ),
    "The server wants the file to go without encryption, so nothing was moved.": (
        "服务器要求不加密传输文件，没有传输任何内容。"
    ),
    "An authority vouched for it.": "由证书颁发机构担保。",
    "The file is gone: it was declined, withdrawn, or has expired.": "文件已失效：被拒收、被撤回或已过期。",
    "What arrived is not what was announced, so it was removed. Try again.": "收到的内容与声明的不符，已删除，请重试。",
    "The file server says what makes no sense.": "文件服务器的回答无法理解。",
    "On this computer: {detail}": "本机出错：{detail}",
    "It went wrong: {detail}": "出错了：{detail}",
    "All your files together may have {limit} bytes, of which {used} are used.": (
        "你的全部文件最多 {limit} 字节，已使用 {used} 字节。"
    ),
    "The server takes no file of more than {limit} bytes.": "服务器不接受超过 {limit} 字节的文件。",
    "{name} is too large: the server takes no file of more than {limit} bytes.": (
        "{name} 太大：服务器不接受超过 {limit} 字节的文件。"
    ),
    "{user} does not want {name}": "{user} 拒收了 {name}",
    # the cache
    "What was kept on this computer was damaged. It is set aside, and fetched from the server again.": (
        "本机保存的记录已损坏，已移到一旁，正在从服务器重新获取。"
    ),
    "Everything has been fetched from the server again.": "所有记录已从服务器重新获取。",
    "The server was set up anew. What was here before is set aside.": "服务器已重新搭建，本机原来的记录已移到一旁。",
    "The disk is full. What you write is sent all the same, but not kept on this computer before there is room.": (
        "磁盘已满。你写的内容照常发送，但要等磁盘有空间后才会保存到本机。"
    ),
    (
        "Another program has locked what is kept on this computer."
        " What you write is sent all the same, and kept once that is over."
    ): "另一个程序锁住了本机保存的记录。你写的内容照常发送，解锁后会保存到本机。",
    "Nothing can be written to the disk ({problem}). What you write is sent all the same, and kept once it works.": (
        "无法写入磁盘（{problem}）。你写的内容照常发送，磁盘恢复后会保存到本机。"
    ),
    (
        "The disk is full, so the client goes on in the memory."
        " Drafts, and what is not sent, are lost when you quit; all else is with the server."
    ): "磁盘已满，客户端暂时只在内存中运行。退出时草稿和未发送的内容会丢失，其余都在服务器上。",
    (
        "Another program has locked what is kept on this computer, so the client goes on in the memory."
        " Drafts, and what is not sent, are lost when you quit; all else is with the server."
    ): ("另一个程序锁住了本机保存的记录，客户端暂时只在内存中运行。退出时草稿和未发送的内容会丢失，其余都在服务器上。"),
    (
        "What is kept on this computer cannot be opened ({problem}), so the client goes on in the memory."
        " Drafts, and what is not sent, are lost when you quit; all else is with the server."
    ): (
        "无法打开本机保存的记录（{problem}），客户端暂时只在内存中运行。"
        "退出时草稿和未发送的内容会丢失，其余都在服务器上。"
    ),
    "The disk is full; trying again…": "磁盘已满，正在重试…",
    "Another program has locked what is kept on this computer; trying again…": (
        "另一个程序锁住了本机保存的记录，正在重试…"
    ),
    "What is kept on this computer cannot be opened ({problem}); trying again…": (
        "无法打开本机保存的记录（{problem}），正在重试…"
    ),
    "The disk takes it again; everything is kept.": "磁盘可以写入了，所有内容都已保存。",
    # logging in
    "Name and password, please.": "请输入用户名和密码。",
    "Opening {user} …": "正在打开 {user} …",
    "Connecting to {server} …": "正在连接 {server} …",
    "Many log in at the moment. Your turn comes in about {seconds} s.": "现在登录的人很多，大约 {seconds} 秒后轮到你。",
    "It cannot be remembered: {reason}": "无法保存：{reason}",
    "This account is open in another window of the client already.": "这个账号已在本客户端的另一个窗口中打开。",
    "What is kept of this account was written by a newer version of the client.": (
        "这个账号的记录由更新版本的客户端写成。"
    ),
    "The account's folder cannot be used: {reason}": "无法使用账号的文件夹：{reason}",
    "That is no address of a server. It looks like chat.example.org:8000.": (
        "这不是服务器地址。格式类似 chat.example.org:8000。"
    ),
    # for screen readers
    "{name}, online": "{name}，在线",
    "{name}, offline": "{name}，离线",
    "Group {name}": "群 {name}",
    "online": "在线",
    "{count} unread messages": "{count} 条未读消息",
    "muted": "已静音",
    "Draft: {said}": "草稿：{said}",
    "File {name}": "文件 {name}",
    "You: {said}": "我：{said}",
    "waiting for a connection": "等待连接",
    "being sent": "正在发送",
    "sent": "已发送",
    "delivered": "已送达",
    "read": "已读",
    "not sent": "未发送",
    "{name} to {other}, {percent} percent": "{name} 发给 {other}，{percent}%",
    "{name} from {other}, {percent} percent": "{name} 来自 {other}，{percent}%",
}
