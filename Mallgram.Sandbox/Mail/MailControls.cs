using System.Globalization;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.Mail;

internal sealed class MailControls(MailStore store, MailFaults faults) : IProviderControls
{
    public string Provider => "mail";

    public string Title => "Mail (SMTP)";

    public IReadOnlyList<ControlAction> Actions =>
    [
        new("refuse", "Refuse the next mails.",
            [
                new("count", "1", "number of mails"),
                new("code", "451", "400 to 499: try again later; 500 to 599: never"),
                new("stage", "rcpt", "mail, rcpt or data (after the message)"),
            ],
            a =>
            {
                faults.RefuseNext(a.Count("count"), (int)a.Whole("code", 400, 599), a.OneOf("stage", "mail", "rcpt", "data"));
                return string.Create(CultureInfo.InvariantCulture, $"{faults.RefusalsLeft} mails will be refused");
            }),
        new("drop_after_data", "Cut the connection after the message, before the 250.",
            [new("count", "1", "number of mails"), new("keep", "on", "on: the mail is kept all the same; off: it is lost")],
            a =>
            {
                faults.DropNext(a.Count("count"), a.Flag("keep"));
                return string.Create(CultureInfo.InvariantCulture, $"{faults.DropsLeft} connections will be cut");
            }),
        new("clear", "Delete all mails.", [], _ =>
        {
            store.Clear();
            return "mailbox is empty";
        }),
        new("reset", "Back to normal. Mails stay.", [], _ =>
        {
            faults.Reset();
            return "as at the start";
        }),
    ];

    public object State() => new { mails = store.All.Count, refusals_left = faults.RefusalsLeft, drops_left = faults.DropsLeft };
}
