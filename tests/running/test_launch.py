import sys

import torch

from approaches.running.launch import mirror, mirrored_command


def test_the_launcher_gets_one_process_for_each_gpu_and_the_options_unchanged():
    words = ["--data", "my photos", "--epochs", "20", "--mirror", "True"]
    command = mirrored_command(["bench.py"], words, 4)
    assert command[:3] == [sys.executable, "-m", "accelerate.commands.launch"]
    assert command[command.index("--num_processes") + 1] == "4" and "--multi_gpu" in command
    program = len(command) - len(words) - 1
    assert command[program:] == ["bench.py", *words]


def test_a_launched_process_does_not_launch_again(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert "launched already (2 in all)" in mirror(["bench.py"], ["--mirror"])


def test_one_device_goes_on_alone(monkeypatch):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert "nothing to mirror" in mirror(["bench.py"], ["--mirror"])
