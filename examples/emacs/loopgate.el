;;; loopgate.el --- Access tokens of the sign-in that Loopgate keeps  -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "26.1"))

;;; Commentary:

;; Install: copy this file to ~/.emacs.d/lisp/loopgate.el
;;          and put this line into your init file:  (load "~/.emacs.d/lisp/loopgate")
;;
;;   M-x loopgate-token     copies a token to the kill ring and says whose it is
;;   M-x loopgate-sign-in   signs in, in your browser
;;   (loopgate-token)       gives a token to Lisp, or signals `loopgate-error'
;;
;; The first time Loopgate asks you whether Emacs may have it; C-g ends the waiting.  A token is never shown.

;;; Code:

(require 'json)
(require 'seq)

(define-error 'loopgate-error "Loopgate")
(define-error 'loopgate-not-running "Loopgate" 'loopgate-error)
(define-error 'loopgate-not-signed-in "Loopgate" 'loopgate-error)
(define-error 'loopgate-consent-denied "Loopgate" 'loopgate-error)
(define-error 'loopgate-provider-unreachable "Loopgate" 'loopgate-error)

(defconst loopgate--probe-patience 2 "Seconds that a Loopgate may take to say that it runs.")
(defconst loopgate--answer-patience 125 "Seconds for an answer: Loopgate itself waits 110 for you.")

(defun loopgate--variable (name)
  "The environment variable NAME; nil when it is empty."
  (let ((value (getenv name)))
    (unless (member value '(nil "")) value)))

(defun loopgate--data-folder ()
  "Where docs/authors/endpoint.md of Loopgate says that endpoint.json is."
  (or (loopgate--variable "LOOPGATE_HOME")
      (pcase system-type
        ('darwin (expand-file-name "~/Library/Application Support/Loopgate"))
        ('windows-nt (expand-file-name "Loopgate" (or (loopgate--variable "APPDATA") "~/AppData/Roaming")))
        (_ (expand-file-name "loopgate" (or (loopgate--variable "XDG_CONFIG_HOME") "~/.config"))))))

(defun loopgate--decode (text)
  "The JSON object TEXT as an alist; nil when it is none."
  (condition-case nil
      (let ((json-object-type 'alist) (json-key-type 'symbol) (json-null nil) (json-false nil))
        (let ((value (json-read-from-string text)))
          (and (listp value) value)))
    (error nil)))

(defun loopgate--candidates ()
  "What may be running, the likeliest first, as (PORT . HEALTH).
HEALTH is nil where any run will do."
  (let* ((file (expand-file-name "endpoint.json" (loopgate--data-folder)))
         (endpoint (and (file-readable-p file)
                        (loopgate--decode (with-temp-buffer (insert-file-contents file) (buffer-string)))))
         (address (format "%s" (alist-get 'address endpoint))))
    (append (when (string-match "\\`http://localhost:\\([0-9]+\\)\\'" address)
              (list (cons (string-to-number (match-string 1 address))
                          (format "ok:%s" (alist-get 'instance endpoint)))))
            (list (cons 1000 nil)))))

(defun loopgate--connect (port)
  "A connection of Emacs itself to PORT on 127.0.0.1 or else ::1.
Nil when nobody listens."
  (seq-some (lambda (host)
              (condition-case nil
                  (make-network-process :name "loopgate" :host host :service port :coding 'binary :noquery t
                                        :family (if (string-match-p ":" host) 'ipv6 'ipv4)
                                        :buffer (generate-new-buffer " *loopgate*") :sentinel #'ignore)
                (error nil)))
            '("127.0.0.1" "::1")))

(defun loopgate--parse ()
  "The answer in this buffer as (STATUS . BODY).
Nil while it is not as long as it says."
  (goto-char (point-min))
  (let ((case-fold-search t))
    (when (re-search-forward "\r\n\r\n" nil t)
      (let* ((start (point))
             (length (if (re-search-backward "^content-length: *\\([0-9]+\\)" nil t)
                         (string-to-number (match-string 1))
                       0)))
        (goto-char (point-min))
        (when (and (<= (+ start length) (point-max)) (looking-at "HTTP/1\\.1 \\([0-9]\\{3\\}\\)"))
          (cons (string-to-number (match-string 1))
                (decode-coding-string (buffer-substring start (+ start length)) 'utf-8)))))))

(defun loopgate--request (port method path patience)
  "Ask PORT for PATH by METHOD and wait for PATIENCE seconds.
Give (STATUS . BODY), or nil when there was no answer."
  (let* ((process (loopgate--connect port))
         (buffer (and process (process-buffer process)))
         (deadline (+ (float-time) patience))
         answer)
    (when process
      (unwind-protect
          (progn
            (process-send-string
             process (concat method " " path " HTTP/1.1\r\nHost: localhost:" (number-to-string port)
                             (if (equal method "POST") "\r\nContent-Length: 0" "") "\r\nConnection: close\r\n\r\n"))
            (while (and (not (setq answer (with-current-buffer buffer (loopgate--parse))))
                        (< (float-time) deadline)
                        (or (accept-process-output process 0.2) (process-live-p process))))
            answer)
        (delete-process process)
        (kill-buffer buffer)))))

(defun loopgate--fail (code message)
  "Signal the error of Loopgate's CODE with MESSAGE."
  (signal (pcase code
            ("not_running" 'loopgate-not-running)
            ("not_signed_in" 'loopgate-not-signed-in)
            ("consent_denied" 'loopgate-consent-denied)
            ("provider_unreachable" 'loopgate-provider-unreachable)
            (_ 'loopgate-error))
          (list message)))

(defun loopgate--running-port ()
  "The port of the Loopgate that runs."
  (or (car (seq-find (lambda (candidate)
                       (let ((health (loopgate--request (car candidate) "GET" "/.well-known/health"
                                                        loopgate--probe-patience)))
                         (and (eq (car health) 200)
                              (if (cdr candidate)
                                  (equal (cdr health) (cdr candidate))
                                (string-prefix-p "ok:" (cdr health))))))
                     (loopgate--candidates)))
      (loopgate--fail "not_running" (concat "No Loopgate is running. Start the app, or \"npm run serve\" in its folder, "
                                            "and try again."))))

(defun loopgate--ask (method path)
  "The body of Loopgate's answer to METHOD and PATH."
  (let ((answer (loopgate--request (loopgate--running-port) method path loopgate--answer-patience)))
    (cond ((null answer) (loopgate--fail "no_answer" "Loopgate ended before it had answered. Try again."))
          ((< (car answer) 400) (cdr answer))
          (t (let ((failure (loopgate--decode (cdr answer))))
               (loopgate--fail (alist-get 'error failure)
                               (or (alist-get 'error_description failure) "Loopgate failed.")))))))

(defun loopgate--name (profile)
  "Who PROFILE is, in words."
  (let ((name (or (alist-get 'name profile) (alist-get 'email profile) (alist-get 'id profile)))
        (email (alist-get 'email profile)))
    (cond ((null name) "the person who is signed in")
          ((or (null email) (equal email name)) name)
          (t (format "%s (%s)" name email)))))

(defun loopgate-profile ()
  "Who is signed in, as an alist with `name' and `email'; nil when nobody is."
  (alist-get 'user (loopgate--decode (loopgate--ask "GET" "/user"))))

;;;###autoload
(defun loopgate-sign-in ()
  "Sign in, in your browser, and wait for it."
  (interactive)
  (message "Loopgate: sign in, in your browser (C-g ends the waiting)")
  (let ((profile (loopgate--decode (loopgate--ask "POST" "/os/sign_in"))))
    (message "Loopgate: signed in as %s" (loopgate--name profile))
    profile))

;;;###autoload
(defun loopgate-token (&optional interactively)
  "A valid access token; without one, signal `loopgate-error' with the reason.
INTERACTIVELY, copy it to the kill ring instead and say whose it is.
When nobody is signed in, offer the sign-in."
  (interactive (list t))
  (if (not interactively)
      (loopgate--ask "GET" "/user/access_token")
    (message "Loopgate: does it ask you whether Emacs may have a token? (C-g ends the waiting)")
    (let ((token (condition-case problem
                     (loopgate-token)
                   (loopgate-not-signed-in
                    (unless (y-or-n-p (format "%s Sign in now? " (cadr problem)))
                      (signal (car problem) (cdr problem)))
                    (loopgate-sign-in)
                    (loopgate-token)))))
      (kill-new token)
      (message "Loopgate: a token of %s is in the kill ring" (loopgate--name (loopgate-profile)))
      nil)))

(provide 'loopgate)
;;; loopgate.el ends here
