"""System call numbers by name.

The first column is x86_64 (asm/unistd_64.h), the second aarch64 (asm-generic/unistd.h).
"""

from __future__ import annotations

# The kernel's constants for the architectures, linux/audit.h.
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# The last reviewed system call (file_setattr, Linux 6.17): the child gets ENOSYS for later ones.
LAST_REVIEWED = 469

# Calls that are refused with any arguments; "-" where a processor has no such call.
_REFUSED = """
    # sockets
    socket 41 198  socketpair 53 199  connect 42 203  bind 49 200  listen 50 201  accept 43 202  accept4 288 242
    sendto 44 206  sendmsg 46 211  sendmmsg 307 269
    # ways around the filter
    io_uring_setup 425 425  io_uring_enter 426 426  io_uring_register 427 427
    # other processes
    ptrace 101 117  process_vm_readv 310 270  process_vm_writev 311 271  process_madvise 440 440
    process_mrelease 448 448  pidfd_open 434 434  pidfd_getfd 438 438  pidfd_send_signal 424 424  kcmp 312 272
    get_robust_list 274 100  migrate_pages 256 238  move_pages 279 239  setpriority 141 140  ioprio_set 251 30
    sched_setparam 142 118  sched_setscheduler 144 119  sched_setattr 314 274  rt_sigqueueinfo 129 138
    rt_tgsigqueueinfo 297 240
    # new sessions and process groups
    setsid 112 157  setpgid 109 154
    # keys, shared memory and messages
    add_key 248 217  request_key 249 218  keyctl 250 219  shmget 29 194  shmat 30 196  shmctl 31 195
    msgget 68 186  msgsnd 69 189  msgrcv 70 188  msgctl 71 187  semget 64 190  semop 65 193  semctl 66 191
    semtimedop 220 192  mq_open 240 180  mq_unlink 241 181  memfd_create 319 279  memfd_secret 447 447
    # changes and notifications of file metadata
    chmod 90 -  fchmod 91 52  fchmodat 268 53  fchmodat2 452 452  chown 92 -  fchown 93 55  lchown 94 -
    fchownat 260 54  utime 132 -  utimes 235 -  futimesat 261 -  utimensat 280 88  setxattr 188 5
    lsetxattr 189 6  fsetxattr 190 7  setxattrat 463 463  removexattr 197 14  lremovexattr 198 15
    fremovexattr 199 16  removexattrat 466 466  file_setattr 469 469  inotify_init 253 -  inotify_init1 294 26
    inotify_add_watch 254 27  fanotify_init 300 262  fanotify_mark 301 263
    # namespaces, mounts and handles
    unshare 272 97  setns 308 268  mount 165 40  umount2 166 39  pivot_root 155 41  chroot 161 51
    fsopen 430 430  fsconfig 431 431  fsmount 432 432  fspick 433 433  move_mount 429 429  open_tree 428 428
    open_tree_attr 467 467  mount_setattr 442 442  name_to_handle_at 303 264  open_by_handle_at 304 265
    # the kernel and the machine
    bpf 321 280  userfaultfd 323 282  perf_event_open 298 241  kexec_load 246 104  kexec_file_load 320 294
    init_module 175 105  finit_module 313 273  delete_module 176 106  swapon 167 224  swapoff 168 225
    reboot 169 142  acct 163 89  settimeofday 164 170  clock_settime 227 112  sethostname 170 161
    setdomainname 171 162  syslog 103 116  quotactl 179 60  quotactl_fd 443 443  vhangup 153 58
    lookup_dcookie 212 18  iopl 172 -  ioperm 173 -  modify_ldt 154 -  uselib 134 -
"""

# Calls that are refused with some arguments.
_CONDITIONAL = """
    clone 56 220  clone3 435 435  kill 62 129  tkill 200 130  tgkill 234 131  prlimit64 302 261
    sched_setaffinity 203 122  fcntl 72 25  ioctl 16 29  prctl 157 167  seccomp 317 277
"""


def refused(processor: str) -> dict[str, int]:
    """Return the refused calls and their numbers on a processor."""
    return _column(_REFUSED, processor)


def conditional(processor: str) -> dict[str, int]:
    """Return the calls that depend on their arguments, and their numbers."""
    return _column(_CONDITIONAL, processor)


def _column(table: str, processor: str) -> dict[str, int]:
    words = " ".join(line for line in table.splitlines() if "#" not in line).split()
    names, columns = words[::3], {"x86_64": words[1::3], "aarch64": words[2::3]}
    return {name: int(number) for name, number in zip(names, columns[processor], strict=True) if number != "-"}
