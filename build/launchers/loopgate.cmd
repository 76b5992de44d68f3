@echo off
rem The command `loopgate` of the installed app: its own program, without a window.
"%~dp0..\..\Loopgate.exe" --disable-gpu --log-level=3 --cli -- %*
exit /b %ERRORLEVEL%
