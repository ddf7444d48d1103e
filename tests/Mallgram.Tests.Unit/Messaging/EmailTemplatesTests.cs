using HandlebarsDotNet;
using Mallgram.Messaging.Email;

namespace Mallgram.Tests.Unit.Messaging;

public sealed class EmailTemplatesTests
{
    [Theory]
    [InlineData("en", "Your order 261121-ABCDE is confirmed", "Thank you: we have received your payment of R 1 299,00")]
    [InlineData("fr", "Votre commande 261121-ABCDE est confirmée", "Merci : nous avons reçu votre paiement de R 1 299,00")]
    public void The_confirmation_says_what_was_bought(string language, string subject, string sentence)
    {
        var mail = EmailTemplates.Render("order_paid", language, Model("Pot de piment"));
        Assert.Equal(subject, mail.Subject);
        Assert.Contains(sentence, mail.Text, StringComparison.Ordinal);
        Assert.Contains("2 × Pot de piment", mail.Text, StringComparison.Ordinal);
        Assert.Contains("2 × Pot de piment", mail.Html, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_cannot_smuggle_markup_into_the_mail()
    {
        var mail = EmailTemplates.Render("order_paid", "en", Model("<script>alert(1)</script>"));
        Assert.DoesNotContain("<script>", mail.Html, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", mail.Html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_never_prints_a_gap_for_a_missing_value()
    {
        var model = Model("x");
        model.Remove("total");
        Assert.ThrowsAny<HandlebarsException>(() => EmailTemplates.Render("order_paid", "en", model));
    }

    private static Dictionary<string, object?> Model(string product) => new()
    {
        ["store"] = "Mallgram",
        ["number"] = "261121-ABCDE",
        ["full_name"] = "Aïcha Ndiaye",
        ["total"] = "R 1 299,00",
        ["address"] = "Rue 10, Dakar, SN",
        ["lines"] = new List<Dictionary<string, object?>> { new() { ["quantity"] = 2, ["name"] = product, ["subtotal"] = "R 1 299,00" } },
    };
}
