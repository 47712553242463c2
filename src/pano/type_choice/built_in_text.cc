#include "pano/type_choice/built_in_text.h"

namespace pano::type_choice {

std::string_view BuiltInText() {
  return R"text(Once upon a time there was a little boat that lived at the end of a long wooden pier. Every morning the old man who owned it came down the hill with a basket of bread and a can of green paint. "Good morning, boat," he said. "Today we will go and see the island." The boat was happy, for it liked the island more than anything. There were birds there, and a small white house, and a girl named Anna who waved at everyone who passed.

One day the wind was very strong. The waves were high and the sky was dark. The old man looked at the sea and shook his head. "Not today," he said. But Anna was ill, and the doctor could not get to her without a boat. So the old man put on his yellow coat, pulled the rope as hard as he could, and they went out together. They were afraid, and they went anyway. When the sun came up again, Anna sat at her window and waved.

The water cycle describes how water moves between the oceans, the air and the land. Heat from the sun makes water evaporate from the surface of the sea. The vapour rises, cools and condenses into tiny drops, which form clouds. When the drops become too heavy they fall as rain or snow. Some of that water runs into rivers and back to the sea; some of it sinks into the ground, where it may stay for thousands of years. About 97 percent of the water on Earth is salty, and of the rest more than two thirds is frozen.

Q: My train leaves at 9:40 and the walk to the station takes 25 minutes. When should I leave the house if I want to be there ten minutes early?
A: You want to arrive at 9:30, and the walk takes 25 minutes, so you should leave at 9:05.

Dear Mr. Harris,
thank you for your letter of 14 March. We have looked at the invoice again and you are right: item 3 was counted twice. We will return 48.50 euros to your account within five working days, and we are sorry for the trouble. Please let us know if there is anything else that we can do.

def mean(values):
    """Return the arithmetic mean of a list of numbers."""
    if not values:
        raise ValueError("mean of an empty list")
    total = 0.0
    for value in values:
        total += value
    return total / len(values)

for (int i = 0; i < count; ++i) {
  if (items[i].price > limit) continue;
  sum += items[i].price * items[i].quantity;
}

{"name": "Ada", "age": 36, "languages": ["English", "French"], "address": {"city": "London", "zip": "W1J 7NT"}}

| month | rain (mm) | days |
|---|---|---|
| January | 55 | 11 |
| February | 41 | 9 |
| March | 42 | 10 |

春天来了，院子里的桃树开花了。小明每天放学以后都要去看一看，他想知道什么时候才能吃到桃子。奶奶笑着说："花开了还要结果，果子要慢慢长大，到了夏天才会熟。"小明数了数日历，还有一百多天。他决定每天给桃树浇水，等它长大。

The committee met on Tuesday to discuss the new bridge. Three proposals were on the table. The first was cheap but would close the road for a year; the second was fast but needed more land than the city owns; the third, which most members preferred in the end, keeps one lane open during the work and costs 2.4 million more than the first. A decision is expected before the end of the month.
)text";
}

}  // namespace pano::type_choice
