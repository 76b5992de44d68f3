; What uninstalling does beside removing the files. The app that runs is ended by electron-builder's own macro (CHECK_APP_RUNNING).
; An update runs the uninstaller of the old version too: then nothing of this.

!macro customUnInstall
  ${ifNot} ${isUpdated}
    ; Start at login: Electron names the value after the app's id.
    DeleteRegValue HKCU "Software\Microsoft\Windows\CurrentVersion\Run" "${APP_ID}"
    DeleteRegValue HKCU "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run" "${APP_ID}"

    ; With /S nobody can be asked: the data stays, unless --delete-app-data says otherwise.
    ClearErrors
    ${GetParameters} $R0
    ${GetOptions} $R0 "/S" $R1
    ${if} ${Errors}
      MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "Remove the settings and the stored sign-in of Loopgate too?$\r$\n$\r$\nThis does not revoke the sign-in at the provider. $\"Remove everything$\" in Loopgate's settings does." IDNO keepData
      RMDir /r "$APPDATA\Loopgate"
      keepData:
    ${endIf}
  ${endIf}
!macroend
