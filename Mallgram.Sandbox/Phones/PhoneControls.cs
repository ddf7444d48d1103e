using System.Globalization;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.Phones;

internal sealed class PhoneControls(TextStore store) : IProviderControls
{
    public string Provider => "sms";

    public string Title => "Text messages";

    public IReadOnlyList<ControlAction> Actions =>
    [
        new("refuse", "Refuse the next text messages.",
            [new("count", "1", "number of messages"), new("status", "500", "HTTP status: 408, 429 and 500 to 599: try again later; other 4xx: never")],
            a =>
            {
                store.RefusalStatus = (int)a.Whole("status", 400, 599);
                store.Refusals.Set(a.Count("count"));
                return string.Create(CultureInfo.InvariantCulture, $"{store.Refusals.Left} text messages will be refused");
            }),
        new("clear", "Delete all text messages.", [], _ =>
        {
            store.Clear();
            return "no phone has messages";
        }),
        new("reset", "Back to normal. Messages stay.", [], _ =>
        {
            store.Refusals.Set(0);
            return "as at the start";
        }),
    ];

    public object State() => new { messages = store.All.Count, refusals_left = store.Refusals.Left };
}
