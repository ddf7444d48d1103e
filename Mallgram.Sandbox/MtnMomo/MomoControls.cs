using System.Globalization;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.MtnMomo;

internal sealed class MomoControls(MomoLedger ledger, MomoFaults faults, MomoTokens tokens) : IProviderControls
{
    private static readonly ControlParameter Next = new("count", "1", "payments to come it applies to; 0: all until reset");

    public string Provider => "mtn-momo";

    public string Title => "MTN MoMo";

    public IReadOnlyList<ControlAction> Actions =>
    [
        new("manual", "Let every payer wait for a click on the phone page.", [new("on", "on", "on or off")], a =>
        {
            faults.Manual = a.Flag("on");
            return faults.Manual ? "payers wait" : "payers decide by themselves";
        }),
        new("decision_delay", "Time until payers decide.", [new("ms", "1000", "milliseconds")], a =>
        {
            faults.DecisionDelayMs = (int)a.Milliseconds("ms").TotalMilliseconds;
            return Text($"{faults.DecisionDelayMs} ms");
        }),
        new("outcome", "Set what a number does.",
            [
                new("msisdn", null, "digits with country code"),
                new("outcome", "success", "success, fail or pending"),
                new("reason", "APPROVAL_REJECTED", "reason of a failure"),
                new("delay_ms", "0", "time until the decision"),
            ],
            a =>
            {
                faults.SetOutcome(a.Text("msisdn"), new MomoPlan
                {
                    Outcome = Outcome(a.OneOf("outcome", "success", "fail", "pending")),
                    Reason = a.Text("reason"),
                    DecisionDelayMs = (int)a.Milliseconds("delay_ms").TotalMilliseconds,
                });
                return "set";
            }),
        new("decide", "Decide a pending payment now.",
            [
                new("reference", null, "X-Reference-Id"),
                new("outcome", "success", "success or fail"),
                new("reason", "APPROVAL_REJECTED", "reason of a failure"),
            ],
            a => ledger.Decide(a.Text("reference"), Outcome(a.OneOf("outcome", "success", "fail")), a.Text("reason")) is null
                ? throw new ControlArgumentException("'reference' is not a pending payment.")
                : "decided"),
        new("fail", "Fail payments to come.", [Next, new("reason", "NOT_ENOUGH_FUNDS", "reason")], a =>
        {
            var (reason, delay) = (a.Text("reason"), faults.DecisionDelayMs);
            return Change("fail", a, p => p with { Outcome = MomoStatus.Failed, Reason = reason, DecisionDelayMs = delay });
        }),
        new("underpay", "Report a smaller amount in status and callback.", [Next, new("percent", "50", "percent of the amount")], a =>
        {
            var percent = (int)a.Whole("percent", 0, 1000);
            return Change("underpay", a, p => p with { PaidPercent = percent });
        }),
        new("delay_callback", "Send the callback later.", [Next, new("ms", "5000", "milliseconds after the decision")], a =>
        {
            var delay = (int)a.Milliseconds("ms").TotalMilliseconds;
            return Change("delay_callback", a, p => p with { CallbackDelayMs = delay });
        }),
        new("drop_callback", "Send no callback.", [Next], a => Change("drop_callback", a, p => p with { CallbackCopies = 0 })),
        new("duplicate_callback", "Send the callback several times.", [Next, new("times", "3", "how often")], a =>
        {
            var times = (int)a.Whole("times", 1, 100);
            return Change("duplicate_callback", a, p => p with { CallbackCopies = times });
        }),
        new("reorder_callbacks", "Hold a callback back until the next payment's has gone.",
            [new("count", "2", Next.Meaning)], a => Change("reorder_callbacks", a, p => p with { HoldForNext = true })),
        new("forge_callback", "Send a false callback that claims success before the decision.",
            [Next, new("how", "url", "url: wrong last part of the address; reference: wrong externalId; status: true address, too early")],
            a =>
            {
                var how = a.OneOf("how", "url", "reference", "status");
                return Change("forge_callback", a, p => p with { Forge = how });
            }),
        new("down", "Take the service down.", [new("ms", "10000", "for how long; 0 ends it"), new("how", "503", "503 or hang")], a =>
        {
            faults.TakeDown(a.Milliseconds("ms"), a.OneOf("how", "503", "hang") == "hang");
            return Text($"down for {faults.Down().Left.TotalMilliseconds:0} ms");
        }),
        new("lose_answer", "Accept a request to pay, then cut the connection instead of answering.",
            [new("count", "1", "number of requests")],
            a =>
            {
                faults.LoseAnswers(a.Count("count"));
                return Text($"{faults.AnswersToLose} answers will be lost");
            }),
        new("callback_method", "Verb of callbacks.", [new("method", "PUT", "PUT or POST")], a =>
            faults.CallbackMethod = a.OneOf("method", "PUT", "POST")),
        new("reason_shape", "Shape of reason.", [new("shape", "string", "string or object")], a =>
            faults.ReasonShape = a.OneOf("shape", "string", "object")),
        new("expire_tokens", "End every access token issued so far.", [], _ =>
        {
            tokens.ExpireAll();
            return "access tokens ended";
        }),
        new("reset", "Back to normal. Payments stay.", [], _ =>
        {
            faults.Reset();
            return "as at the start";
        }),
    ];

    public object State() => new
    {
        payments = ledger.Count,
        open = ledger.Open().Count(),
        manual = faults.Manual,
        decision_delay_ms = faults.DecisionDelayMs,
        callback_method = faults.CallbackMethod,
        reason_shape = faults.ReasonShape,
        down_ms = (long)Math.Max(0, faults.Down().Left.TotalMilliseconds),
        answers_to_lose = faults.AnswersToLose,
        in_force = faults.Pending,
    };

    private string Change(string name, ControlArguments arguments, Func<MomoPlan, MomoPlan> apply)
    {
        var count = arguments.Count("count");
        faults.Change(name, count, apply);
        return count == 0 ? "for all payments until reset" : Text($"for the next {count} payments");
    }

    private static MomoStatus Outcome(string word) => word switch
    {
        "success" => MomoStatus.Successful,
        "fail" => MomoStatus.Failed,
        _ => MomoStatus.Pending,
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
