using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.MtnMomo;

/// <summary>The payer's phone: prompts that wait for somebody to approve or reject them.</summary>
internal static class MomoPhonePage
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/mtn-momo/phone", Show);
        app.MapPost("/mtn-momo/phone/{referenceId}/approve", (string referenceId, MomoLedger ledger) =>
            Decide(ledger, referenceId, MomoStatus.Successful, reason: null));
        app.MapPost("/mtn-momo/phone/{referenceId}/reject", (string referenceId, MomoLedger ledger) =>
            Decide(ledger, referenceId, MomoStatus.Failed, "APPROVAL_REJECTED"));
    }

    private static IResult Decide(MomoLedger ledger, string referenceId, MomoStatus outcome, string? reason) =>
        ledger.Decide(referenceId, outcome, reason) is null && ledger.Payment(referenceId) is null
            ? Results.NotFound()
            : Results.Redirect("/mtn-momo/phone", permanent: false, preserveMethod: false);

    private static IResult Show(MomoLedger ledger, MomoFaults faults, TimeProvider clock)
    {
        var prompts = ledger.Open().Where(p => p.Status == MomoStatus.Pending).OrderByDescending(p => p.CreatedAt).ToList();
        var page = new PageBody();
        page.Line("<p>")
            .Text(faults.Manual ? "Manual mode: every payer waits for you." : "46733123454 waits for you; others decide by themselves.")
            .Line(" <a href=\"/mtn-momo/phone\">Refresh</a></p>");
        if (prompts.Count == 0)
        {
            page.Line("<p class=\"quiet\">No prompt is waiting.</p>");
        }

        foreach (var prompt in prompts)
        {
            var seconds = (int)(clock.GetUtcNow() - prompt.CreatedAt).TotalSeconds;
            page.Line("<section class=\"card\"><h2>").Text($"{prompt.Amount} {prompt.Currency}").Line("</h2><p>")
                .Text($"{prompt.PartyId} · {prompt.PayerMessage}").Line("<br><span class=\"quiet\">")
                .Text(FormattableString.Invariant($"{prompt.ExternalId} · {prompt.ReferenceId} · {seconds} s ago")).Line("</span></p>");
            foreach (var (action, label) in new[] { ("approve", "Approve"), ("reject", "Reject") })
            {
                page.Line("<form method=\"post\" action=\"/mtn-momo/phone/").Text(prompt.ReferenceId)
                    .Line($"/{action}\"><button class=\"{action}\">{label}</button></form>");
            }

            page.Line("</section>");
        }

        return Page.Html("MoMo phone", page);
    }
}
